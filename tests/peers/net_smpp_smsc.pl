# An SMSC on Net::SMPP: prints its port, then a line of JSON for each thing that it hears. Serves one ESME after another.
# Words: receipts=1 mo=0 ussd=0; its receipts overtake the answer and have TLVs that nobody knows, twice each.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my %words = (receipts => 1, mo => 0, ussd => 0, map { split /=/, $_, 2 } @ARGV);
# Each wrong in one way that real SMSCs are wrong in: what `receipted_message_id` is, and what stands beside it.
my @ODD = (
    sub { (0x1400 => 7, 0x1400 => 70_000, receipted_message_id => "$_[0]\0", message_state => "\x02") },
    sub { (receipted_message_id => $_[0], message_state => "\x02") },                                     # no NUL
    sub { (message_state => "\x02", user_message_reference => "\x07", receipted_message_id => "$_[0]\0") },  # 1 octet for 2
    sub { (source_subaddress => "\xA0end", alert_on_message_delivery => '', receipted_message_id => "$_[0]\0", message_state => "\x02") },
    sub { (its_session_info => "\x05\x00", ussd_service_op => "\x02", receipted_message_id => "$_[0]\0\0",
           network_error_code => "\x03\x00\x01", message_state => "\x02") },
);
my @PERSON = (source_addr_ton => 1, source_addr_npi => 1, source_addr => '989120000001', destination_addr => '1420');
my $listening = Net::SMPP->new_listen('127.0.0.1', port => 0) or die "listen: $!";
print $listening->sockport, "\n";
my $count = 0;
my $json = JSON::PP->new->canonical;
serve($_) while $_ = $listening->accept;

sub say_ { print $json->encode({@_}), "\n" }

sub serve {
    my ($esme) = @_;
    while (my $pdu = $esme->read_pdu) {
        my $cmd = $pdu->{cmd};
        if ($cmd == Net::SMPP::CMD_bind_transceiver) {
            $esme->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
            unasked($esme);
        } elsif ($cmd == Net::SMPP::CMD_submit_sm) {
            submitted($esme, $pdu);
        } elsif ($cmd == Net::SMPP::CMD_enquire_link) {
            $esme->enquire_link_resp(seq => $pdu->{seq});
        } elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp) {
            say_(answer => 'deliver_sm_resp', status => $pdu->{status});
        } elsif ($cmd == Net::SMPP::CMD_unbind) {
            $esme->unbind_resp(seq => $pdu->{seq});
            say_(unbind => 1);
            last;
        }
    }
}

sub unasked {
    my ($esme) = @_;
    $esme->deliver_sm(async => 1, @PERSON, short_message => 'STOP', 0x1400 => 7) if $words{mo};
    # A USSD session as Mica SMSCs open it: the key of the session in user_message_reference, an octet as op.
    $esme->deliver_sm(async => 1, @PERSON, service_type => 'USSD', short_message => '*1420#', ussd_service_op => "\x01",
        user_message_reference => "\x12\x34", its_session_info => "\x05\x00", 0x1401 => 0) if $words{ussd};
}

sub submitted {
    my ($esme, $pdu) = @_;
    my $id = sprintf 'P%04d', ++$count;
    say_(submit => $count, source => $pdu->{source_addr}, ton => $pdu->{dest_addr_ton}, dest => $pdu->{destination_addr},
        service_type => $pdu->{service_type}, esm_class => $pdu->{esm_class}, data_coding => $pdu->{data_coding},
        validity => $pdu->{validity_period} // '', text => unpack('H*', $pdu->{short_message}),
        map { ($_ => unpack('H*', $pdu->{$_})) } grep { defined $pdu->{$_} } qw(ussd_service_op its_session_info user_message_reference));
    $esme->deliver_sm(async => 1, @PERSON, esm_class => 4,
        short_message => "id:$id sub:001 dlvrd:001 stat:DELIVRD err:000 text:", $ODD[$count % @ODD]->($id))
        if $words{receipts} && $pdu->{registered_delivery};
    # An answer with a TLV that belongs to data_sm_resp.
    $esme->submit_sm_resp(seq => $pdu->{seq}, message_id => $id, 0x1402 => 1, additional_status_info_text => "ok\0");
}
