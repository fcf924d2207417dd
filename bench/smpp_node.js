// The yardstick on node-smpp's client: `node bench/smpp_node.js PORT COUNT WINDOW WARM`, submit_sm with `window` in flight.
// Prints {"seconds", "cpu_s"} of COUNT messages after WARM of the same.
'use strict';
const path = require('path');
const smpp = require(path.join(__dirname, '..', 'tests', 'peers', 'node', 'node_modules', 'smpp'));
const [port, count, window, warm] = process.argv.slice(2).map(Number);
const MESSAGE = {
  source_addr_ton: 3, source_addr_npi: 0, source_addr: '1420',
  dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '989120000001',
  validity_period: '000000001500000R', registered_delivery: 1, data_coding: 0,
  short_message: Buffer.from('Your contribution for Aban is due. Dial *1420# to pay, reference 1234567890. Thank you.', 'ascii'),
};

function run(session, total, done) {
  let sent = 0, answered = 0;
  function next() {
    sent++;
    session.submit_sm({...MESSAGE}, (pdu) => {
      if (pdu.command_status !== 0) throw new Error('refused ' + pdu.command_status);
      if (++answered === total) done();
      else if (sent < total) next();
    });
  }
  for (let number = 0; number < Math.min(window, total); number++) next();
}

const session = smpp.connect({host: '127.0.0.1', port}, () => {
  session.socket.setNoDelay(true);
  session.bind_transceiver({system_id: 'bench', password: 'bench'}, () => {
    run(session, warm, () => {
      const started = process.hrtime.bigint(), cpu = process.cpuUsage();
      run(session, count, () => {
        const seconds = Number(process.hrtime.bigint() - started) / 1e9, used = process.cpuUsage(cpu);
        process.stdout.write(JSON.stringify({seconds, cpu_s: (used.user + used.system) / 1e6}) + '\n');
        session.unbind(() => session.close());
      });
    });
  });
});
