# An SMSC on Net::SMPP: prints its port, then a line for each submit_sm; sends receipts with TLVs that nobody knows.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
my $listening = Net::SMPP->new_listen('127.0.0.1', port => 0) or die "listen: $!";
print $listening->sockport, "\n";
my $esme = $listening->accept or die "accept: $!";
my $count = 0;
while (my $pdu = $esme->read_pdu) {
    my $cmd = $pdu->{cmd};
    if ($cmd == Net::SMPP::CMD_bind_transceiver) {
        $esme->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
    } elsif ($cmd == Net::SMPP::CMD_submit_sm) {
        my $id = sprintf 'P%04d', ++$count;
        print join(' ', $pdu->{source_addr}, $pdu->{dest_addr_ton}, $pdu->{destination_addr}, $pdu->{esm_class},
            $pdu->{data_coding}, $pdu->{validity_period}, unpack('H*', $pdu->{short_message})), "\n";
        # The receipt overtakes the answer.
        $esme->deliver_sm(async => 1, source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr},
            esm_class => 4, short_message => "id:$id sub:001 dlvrd:001 stat:DELIVRD err:000 text:",
            0x1400 => 'vendor', 0x1400 => 'again', receipted_message_id => "$id\0", message_state => "\x02");
        $esme->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
    } elsif ($cmd == Net::SMPP::CMD_enquire_link) {
        $esme->enquire_link_resp(seq => $pdu->{seq});
    } elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp) {
        print "receipt $pdu->{status}\n";
    } elsif ($cmd == Net::SMPP::CMD_unbind) {
        $esme->unbind_resp(seq => $pdu->{seq});
        last;
    }
}
print "bye\n";
