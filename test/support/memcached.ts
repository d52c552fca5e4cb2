import { once } from 'node:events';
import { connect } from 'node:net';

/** Has a memcached of this machine forget everything, such as every token of a Swift. */
export async function flushMemcached(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('flush_all\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (answer.toString() !== 'OK\r\n') throw new Error(`memcached answered: ${answer}`);
}
