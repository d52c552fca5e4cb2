import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import { fillCredential, useSession, whyNoStorage } from './support/session.ts';

const bucket = `certificates-${randomUUID().slice(0, 8)}`;

describe.skipIf(whyNoStorage())('a person with a server that no authority of the machine vouches for', () => {
  const session = useSession();
  let rgw: RgwAccess;
  let selfSigned: FaultProxy;
  let elsewhere: FaultProxy;

  beforeAll(async () => {
    const provided = inject('rgw');
    if ('unavailable' in provided) throw new Error(provided.unavailable);
    rgw = provided;
    const { endpoint: target, certificates } = rgw;
    selfSigned = await startFaultProxy({ target, tls: certificates.selfSigned });
    elsewhere = await startFaultProxy({ target, tls: certificates.wrongHost });
  });
  afterAll(async () => {
    await elsewhere?.stop();
    await selfSigned?.stop();
  });

  const verifyAt = async (endpoint: string, sentence: string) => {
    const { form } = session.window;
    await form.field('Endpoint URL').fill(endpoint);
    await form.verify();
    await form.status.getByText(sentence).waitFor();
  };

  test('is told by the form what is wrong with a certificate, before anything is sent', async () => {
    const { window, storage } = session;
    await storage.createBucket(bucket, ['one.txt', 'two.txt']);
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential(session, 'Own authority');
    await verifyAt(rgw.tlsEndpoint, "The server's certificate comes from an unknown authority");
    await window.screenshot('tls-unknown-authority');
    await verifyAt(selfSigned.endpoint, "The server's certificate is signed by nobody but itself");
    await window.screenshot('tls-self-signed');
    await window.chooseFile('CA bundle', rgw.caFile);
    await window.form.preview('Certificates: 1').waitFor();
    await verifyAt(elsewhere.endpoint, "The server's certificate is for another name");
    await window.screenshot('tls-wrong-name');
    expect([...selfSigned.requests, ...elsewhere.requests]).toEqual([]);
  });

  test('reaches it once its authority is chosen as CA bundle, and deletes there', async () => {
    const { window, storage } = session;
    await verifyAt(rgw.tlsEndpoint, 'The credentials are valid');
    await window.screenshot('tls-own-authority');
    await window.form.save();
    await window.closeEditors();
    await window.expand('Own authority');
    await window.expand(bucket);
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText('Deleted 1.').waitFor();
    await window.row('one.txt').waitFor({ state: 'detached' });
    await window.leaveTree();
    await window.screenshot('tls-browsed');
    expect(await storage.keysOf(bucket)).toEqual(['two.txt']);
    await window.clearNotifications();
  });
});
