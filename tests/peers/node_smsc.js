// An SMSC on node-smpp: prints its port, then with say=1 a line of JSON for each thing that it hears.
// Words: port=0 key=FILE cert=FILE delay_ms=0 throttle_every=0 receipts=0 mo=0 ussd=0 enquire_ms=0 unbind_after=0 say=0
'use strict';
const fs = require('fs');
const path = require('path');
const smpp = require(path.join(__dirname, 'node', 'node_modules', 'smpp'));

const words = {port: 0, delay_ms: 0, throttle_every: 0, receipts: 0, mo: 0, ussd: 0, enquire_ms: 0, unbind_after: 0, say: 0};
for (const word of process.argv.slice(2)) {
  const [name, value] = word.split('=');
  words[name] = name === 'key' || name === 'cert' ? fs.readFileSync(value) : Number(value);
}
const say = words.say ? (heard) => process.stdout.write(JSON.stringify(heard) + '\n') : () => {};
const PERSON = {source_addr_ton: 1, source_addr_npi: 1, source_addr: '989120000001'};
const US = {dest_addr_ton: 3, dest_addr_npi: 0, destination_addr: '1420'};
const LONG = 'سلام '.repeat(100);
const FROM_PEOPLE = [
  // node-smpp sends GSM 03.38 octets with data_coding 1.
  {short_message: 'BAL [é]', data_coding: 1},
  {short_message: 'مانده', data_coding: 8},
  {message_payload: LONG, data_coding: 8},
];

let submits = 0;
let unbound = false;
let receiver = null;

function bound(session) {
  if (words.enquire_ms) {
    const asking = setInterval(() => session.enquire_link((pdu) => say({answer: pdu.command})), words.enquire_ms);
    session.on('close', () => clearInterval(asking));
  }
  for (let round = 0; round < words.mo; round++) {
    for (const message of FROM_PEOPLE) {
      session.deliver_sm({...PERSON, ...US, ...message}, (pdu) => say({answer: pdu.command, status: pdu.command_status}));
    }
  }
  if (words.ussd) {
    session.deliver_sm(
      {...PERSON, ...US, service_type: 'USSD', short_message: '*1420#', data_coding: 1,
        ussd_service_op: 1, its_session_info: Buffer.from('0500', 'hex')},
      (pdu) => say({answer: pdu.command, status: pdu.command_status}));
  }
}

function receipt(session, pdu, id) {
  // Of a pair of binds the receiver gets it.
  (receiver || session).deliver_sm({
    source_addr_ton: pdu.dest_addr_ton, source_addr_npi: pdu.dest_addr_npi, source_addr: pdu.destination_addr,
    dest_addr_ton: pdu.source_addr_ton, destination_addr: pdu.source_addr, esm_class: 4,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611220800 done date:2611220801 stat:DELIVRD err:000 text:`,
    receipted_message_id: id, message_state: 2,
  }, (answer) => say({answer: answer.command, status: answer.command_status}));
}

function submitted(session, pdu) {
  const number = ++submits;
  const heard = pdu.short_message.message;
  say({
    submit: number, text: Buffer.isBuffer(heard) ? heard.toString('hex') : heard, esm_class: pdu.esm_class,
    data_coding: pdu.data_coding, source: pdu.source_addr, dest: pdu.destination_addr, service_type: pdu.service_type,
    ussd_service_op: pdu.ussd_service_op, its_session_info: pdu.its_session_info && pdu.its_session_info.toString('hex'),
    udh: (pdu.short_message.udh || []).map((element) => Buffer.from(element).toString('hex')),
  });
  if (words.throttle_every && number % words.throttle_every === 0) {
    session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
    return;
  }
  const id = number.toString(16);
  session.send(pdu.response({message_id: id}));
  if (words.receipts && pdu.registered_delivery & 1) receipt(session, pdu, id);
  if (words.unbind_after && number >= words.unbind_after && !unbound) {
    unbound = true;
    session.unbind(() => { say({answer: 'unbind_resp'}); session.close(); });
  }
}

function serve(session) {
  for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(kind, (pdu) => {
      say({bind: kind, system_id: pdu.system_id});
      session.send(pdu.response({system_id: 'node'}));
      if (kind === 'bind_receiver') receiver = session;
      if (kind !== 'bind_transmitter') bound(session);
    });
  }
  session.on('submit_sm', (pdu) => {
    if (words.delay_ms) setTimeout(submitted, words.delay_ms, session, pdu);
    else submitted(session, pdu);
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { say({unbind: true}); session.send(pdu.response()); session.close(); });
  session.on('error', (problem) => say({error: String(problem)}));
}

const server = smpp.createServer(words.key ? {key: words.key, cert: words.cert} : {}, serve);
server.listen(words.port, '127.0.0.1', () => process.stdout.write(server.address().port + '\n'));
