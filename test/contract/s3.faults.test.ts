import { expect, it } from 'vitest';
import type { Fault } from '../servers/faultProxy.ts';
import { providerSuite } from './contractSuite.ts';

// What can go wrong inside an answer of DeleteObjects that came with status 200.
await providerSuite('s3', 'answers of DeleteObjects', ['remove'], (contract) => {
  const { server } = contract;

  async function removeWith(fault: Fault, ids = ['a', 'b', 'c']) {
    const container = await contract.fill(ids);
    const proxy = await contract.proxy();
    proxy.addRule({ when: () => true, fault });
    const client = await contract.open({}, proxy.endpoint);
    const outcomes = await contract.remove(client, container, ids);
    return { container, outcomes, proxy };
  }

  const replaced = (content: string): Fault => ({
    kind: 'status',
    status: 200,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</DeleteResult>`,
  });
  const deleted = (key: string) => `<Deleted><Key>${key}</Key></Deleted>`;
  const refused = (key: string, code: string) => `<Error><Key>${key}</Key><Code>${code}</Code><Message/></Error>`;

  it('asks with Content-MD5 and without newer checksums', async () => {
    const { proxy } = await removeWith({ kind: 'delay', ms: 0 });
    const names = proxy.requests[0]?.headers.map(({ name }) => name.toLowerCase());
    expect(names).toContain('content-md5');
    expect(names?.filter((name) => name.startsWith('x-amz-checksum'))).toEqual([]);
  });

  it('takes a 200 with an Error document for a failure', async () => {
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>';
    const { container, outcomes } = await removeWith({ kind: 'status', status: 200, body });
    expect(outcomes.map(({ result }) => result)).toEqual(['failed', 'failed', 'failed']);
    expect(await server.ids(container)).toEqual(['a', 'b', 'c']);
  });

  it('gives each key the outcome that its own Error says', async () => {
    const codes = ['InternalError', 'AccessDenied', 'PreconditionFailed', 'ObjectLocked', 'NoSuchKey', 'NeverHeardOf'];
    const { outcomes } = await removeWith(replaced(deleted('a') + codes.map((code) => refused(code, code)).join('')), [
      'a',
      ...codes,
    ]);
    expect(outcomes.map(({ result }) => result)).toEqual([
      'deleted',
      'failed',
      'denied',
      'changed',
      'locked',
      'already-gone',
      'failed',
    ]);
  });

  it('counts what the answer leaves out as failed', async () => {
    const { outcomes } = await removeWith(replaced(deleted('a')));
    expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'failed', 'failed']);
    const nothing = await removeWith(replaced(''));
    expect(nothing.outcomes.map(({ result }) => result)).toEqual(['failed', 'failed', 'failed']);
  });

  it('is not misled by keys that it did not ask for, nor by one that is both deleted and refused', async () => {
    const { outcomes } = await removeWith(
      replaced(deleted('other') + deleted('A') + deleted('b') + refused('b', 'InternalError') + deleted(' c')),
    );
    expect(outcomes.map(({ result }) => result)).toEqual(['failed', 'failed', 'failed']);
  });

  it('keeps look-alike keys apart', async () => {
    const ids = ['007', '7', '1e5', '100000', 'true', '1.0', '1', '0x10', '16', 'é', 'e\u0301'];
    const container = await contract.fill(ids);
    const client = await contract.open();
    const some = ids.filter((_, index) => index % 2 === 0);
    const outcomes = await contract.remove(client, container, some);
    expect(outcomes.map(({ id, result }) => [id, result])).toEqual(some.map((id) => [id, 'deleted']));
    expect([...(await server.ids(container))].sort()).toEqual(ids.filter((id) => !some.includes(id)).sort());
  });
});
