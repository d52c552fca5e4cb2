import { afterAll, describe, expect, test } from 'vitest';
import { apachePlaces, startApache } from '../servers/apache.ts';
import { startB2 } from '../servers/b2/simulator.ts';
import { startOpenSsh } from '../servers/openssh.ts';
import { startProftpdFtp } from '../servers/proftpd.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { startSwift } from '../servers/swift.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { hostKeyOf } from '../support/hostKey.ts';
import { useSession, whyNoStorage } from './support/session.ts';

const running: { stop(): Promise<void> }[] = [];

/** A server, or the sentence that says what it needs. */
async function start<S extends { stop(): Promise<void> }>(starting: Promise<S>): Promise<S | string> {
  try {
    const server = await starting;
    running.push(server);
    return server;
  } catch (error) {
    if (error instanceof ServerUnavailable) return error.message;
    throw error;
  }
}

const [ssh, ftp, apache, swift, b2] = await Promise.all([
  start(startOpenSsh()),
  start(startProftpdFtp({ tls: 'none' })),
  start(startApache()),
  start(startSwift()),
  start(startB2()),
]);
for (const sentence of [ssh, ftp, apache, swift]) if (typeof sentence === 'string') console.log(`Skipped: ${sentence}`);

describe.skipIf(whyNoStorage())('servers and protocols', () => {
  const session = useSession();
  afterAll(async () => {
    for (const server of running) await server.stop();
  });

  async function begin(provider: string, values: Readonly<Record<string, string>>): Promise<void> {
    const { window } = session;
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await window.form.choose('credential-provider', provider);
    await window.form.fill(values);
  }

  async function verifyAndSave(name: string): Promise<void> {
    const { window } = session;
    await window.form.verify();
    await window.form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot(`protocol-${name}`);
    await window.form.save();
    await window.row(name).waitFor();
    await window.closeEditors();
  }

  /** Deletes the one file in a folder by its row, and sees the folder go where it goes with its last file. */
  async function deleteOne(file: string, said = 'Deleted 1.'): Promise<void> {
    const { window } = session;
    await window.chooseFromMenu(window.row(file), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText(said).waitFor();
    await window.row(file).waitFor({ state: 'detached' });
    await window.clearNotifications();
  }

  test('a new credential opens with Storj, which speaks https alone', async () => {
    const { window } = session;
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await window.form.link('Signup for account').waitFor();
    expect(await window.form.field('Name').inputValue()).toBe('Storj');
    await window.form.fill({ 'Access Key ID': 'id', 'Secret Access Key': 'secret', Endpoint: 'http://127.0.0.1:9' });
    await window.form.verify();
    await window.form.errorOf('endpoint').getByText('Storj is spoken to over https alone.').waitFor();
    await window.screenshot('protocol-Storj');
    await window.form.button('Cancel').click();
    await window.closeEditors();
  });

  test.skipIf(typeof ssh === 'string')('SFTP: fetches the host key, generates a key, and deletes a tree', async () => {
    if (typeof ssh === 'string') throw new Error(ssh);
    const { window } = session;
    const judge = new FileTreeJudge(ssh.files, ssh.user);
    for (const id of ['spring/one.txt', 'spring/deep/two.txt', 'b.txt']) await judge.put('models', id);
    const { name, password } = ssh.user;
    await begin('SFTP', { Name: 'Files', Host: ssh.host, Port: String(ssh.port), Username: name });
    await window.form.fill({ Password: password, 'Base path': ssh.files });
    await window.form.verify();
    await window.form.steps.getByText("This server's key is not known yet").waitFor();
    await window.screenshot('protocol-sftp-unknown-key');
    await window.form.button('Fetch Host Key').click();
    await expect.poll(() => window.form.field('Host key').inputValue()).toBe(hostKeyOf(ssh));
    await window.form.choose('signIn', 'Private key');
    await window.form.button('Generate New').click();
    await expect.poll(() => window.form.field('Public key').inputValue()).toMatch(/^ssh-ed25519 /);
    await ssh.authorize(await window.form.field('Public key').inputValue());
    await verifyAndSave('Files');
    await window.expand('Files');
    await window.expand('models');
    await window.expand('spring');
    await window.row('one.txt').waitFor();
    await window.leaveTree();
    await window.screenshot('protocol-sftp-tree');
    await window.chooseFromMenu(window.row('models'), 'Delete');
    await window.screenshot('protocol-sftp-question');
    await window.answerDialog('Delete 3 Objects and 3 Folders');
    await window.notifications.getByText('Deleted 6.').waitFor();
    expect(await judge.ids('models')).toEqual([]);
    await window.clearNotifications();
  });

  test.skipIf(typeof ssh === 'string')('SFTP: takes the private key of another credential', async () => {
    if (typeof ssh === 'string') throw new Error(ssh);
    const { window } = session;
    await begin('SFTP', { Name: 'Same key', Host: ssh.host, Port: String(ssh.port), Username: ssh.user.name });
    await window.form.choose('signIn', 'Private key');
    await window.form.button('Take from Another Credential…').click();
    await window.chooseQuickPick('Files');
    await window.form.fill({ 'Base path': ssh.files, 'Host key': hostKeyOf(ssh) });
    await verifyAndSave('Same key');
  });

  test.skipIf(typeof ftp === 'string')('FTP: says that nothing is encrypted, and deletes a file', async () => {
    if (typeof ftp === 'string') throw new Error(ftp);
    const { window } = session;
    const judge = new FileTreeJudge(ftp.files, ftp.user);
    for (const id of ['one.txt', 'two.txt']) await judge.put('outbox', id);
    const { name, password } = ftp.user;
    await begin('FTP', { Name: 'Old server', Host: ftp.host, Port: String(ftp.port), Username: name });
    await window.form.fill({ Password: password, 'Base path': ftp.files });
    await verifyAndSave('Old server');
    await window.expand('Old server');
    await window.expand('outbox');
    await deleteOne('one.txt');
    expect(await judge.ids('outbox')).toEqual(['two.txt']);
  });

  test.skipIf(typeof apache === 'string')('WebDAV: deletes a folder whole, once that was chosen', async () => {
    if (typeof apache === 'string') throw new Error(apache);
    const { window } = session;
    const judge = new FileTreeJudge(apache.files, apache.owner);
    for (let n = 0; n < 120; n++) await judge.put('photos', `year/file-${n}.jpg`);
    const { name, password } = apache.user;
    await begin('WebDAV', {
      Name: 'Web folders',
      URL: `${apache.origin}${apachePlaces.basic}`,
      Username: name,
      Password: password,
    });
    await window.form.choose('service', 'Other');
    await verifyAndSave('Web folders');
    await window.expand('Web folders');
    await window.expand('photos');
    await window.row('year').waitFor();
    const whole = 'Delete the Folder Whole, Including Anything That Arrives Meanwhile';
    await window.chooseFromMenu(window.row('year'), 'Delete');
    await window.quickInput.getByText(whole).waitFor();
    await window.screenshot('protocol-webdav-whole');
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'hidden' });
    expect(await judge.ids('photos')).toHaveLength(120);
    await window.chooseFromMenu(window.row('year'), 'Delete');
    await window.chooseQuickPick(whole);
    await window.answerDialog('Delete 120 Objects and 1 Folder');
    await window.notifications.getByText('Deleted 121.').waitFor();
    expect(await judge.ids('photos')).toEqual([]);
    await window.clearNotifications();
  });

  test.skipIf(typeof apache === 'string')('HTTP: shows files, and offers to delete none', async () => {
    if (typeof apache === 'string') throw new Error(apache);
    const { window } = session;
    const judge = new FileTreeJudge(apache.files, apache.owner);
    await judge.put('public', 'notes.txt', 'These are notes.');
    await begin('HTTP', { Name: 'Downloads', URL: `${apache.origin}${apachePlaces.index}` });
    await window.form.verify();
    await window.form.steps.getByText('nothing can be deleted').waitFor();
    await window.screenshot('protocol-http');
    await window.form.save();
    await window.row('Downloads').waitFor();
    await window.closeEditors();
    await window.expand('Downloads');
    await window.expand('public');
    await window.row('notes.txt').click();
    await window.editor.getByText('These are notes.').waitFor();
    await window.row('notes.txt').click({ button: 'right' });
    await window.page.getByRole('menuitem', { name: 'Copy URL' }).waitFor();
    expect(await window.page.getByRole('menuitem', { name: 'Delete' }).count()).toBe(0);
    await window.page.keyboard.press('Escape');
    await window.closeEditors();
  });

  test.skipIf(typeof swift === 'string')('OpenStack Swift: signs in, and deletes an object', async () => {
    if (typeof swift === 'string') throw new Error(swift);
    const { window } = session;
    const { accessKeyId: user, secretAccessKey: key } = swift.user;
    const signedIn = await fetch(`${swift.endpoint}/auth/v1.0`, {
      headers: { 'x-auth-user': user, 'x-auth-key': key },
    });
    const storage = signedIn.headers.get('x-storage-url') ?? '';
    const headers = { 'x-auth-token': signedIn.headers.get('x-auth-token') ?? '' };
    for (const path of ['results', 'results/run/one.txt', 'results/two.txt']) {
      const body = path.endsWith('.txt') ? { body: 'x' } : {};
      expect((await fetch(`${storage}/${path}`, { method: 'PUT', headers, ...body })).ok).toBe(true);
    }
    await begin('OpenStack Swift', { Name: 'Object store', 'User Name': user, 'API Key or Password': key });
    await window.form.fill({ 'Authentication URL': `${swift.endpoint}/auth/v1.0` });
    await verifyAndSave('Object store');
    await window.expand('Object store');
    await window.expand('results');
    await window.expand('run');
    await deleteOne('one.txt');
    const left = await fetch(`${storage}/results`, { headers });
    expect(await left.text()).toBe('two.txt\n');
  });

  test('Backblaze B2: hides a file, and says that it can be undone', async () => {
    if (typeof b2 === 'string') throw new Error(b2);
    const { window } = session;
    const { keyId, applicationKey } = b2.keys.add();
    b2.store.createBucket('nightly');
    b2.store.put('nightly', 'one.txt', 'x');
    await begin('Backblaze B2', { Name: 'Backups', 'Key ID': keyId, 'Application Key': applicationKey });
    await window.form.openAdvanced();
    await window.form.fill({ 'Endpoint URL': b2.endpoint });
    await verifyAndSave('Backups');
    await window.expand('Backups');
    await window.expand('nightly');
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.dialog.getByText('This can be undone.').waitFor();
    await window.screenshot('protocol-b2-question');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText('Deleted 1.').waitFor();
    expect(b2.store.names('nightly')).toEqual([]);
    await window.clearNotifications();
    await window.openSidebar();
    await window.leaveTree();
    await window.screenshot('protocol-all');
  });
});
