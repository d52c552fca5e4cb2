import { type ExtensionContext, ExtensionMode, env, Uri, window, workspace } from 'vscode';
import { OpenedPlaces } from './browse/openedPlaces.ts';
import { leaving } from './commands/leaving.ts';
import type { Parts } from './commands/parts.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { createRedactor } from './core/redaction.ts';
import { CredentialStore } from './credentials/credentialStore.ts';
import { Credentials } from './credentials/credentials.ts';
import { SecretVault } from './credentials/secretVault.ts';
import { readStoreId } from './credentials/storeId.ts';
import { credentialAccess, draftOperations } from './form/credentialAccess.ts';
import { Forms } from './form/forms.ts';
import { createLog } from './log.ts';
import { providers as registered } from './providers/registry.generated.ts';
import { Sessions } from './sessions/sessions.ts';
import { CredentialsTree } from './tree/credentialsTree.ts';
import { RemovalsTree } from './tree/removalsTree.ts';
import { Verifications } from './tree/verifications.ts';
import { dialogs as vscodeDialogs } from './ui/dialogs.ts';
import { registerObjectFiles } from './ui/objectFiles.ts';
import { RemovalReports } from './ui/removalReports.ts';
import { vscodeNetwork } from './ui/vscodeNetwork.ts';

/** Days that the report of a removal is kept. */
const reportDays = 30;

/** Builds the parts, wires them and registers them. In a test run, and only there, the parts are handed out. */
export function activate(context: ExtensionContext): Parts | undefined {
  const parts = build(context);
  context.subscriptions.push(...registerCommands(parts));
  return context.extensionMode === ExtensionMode.Test ? parts : undefined;
}

function build(context: ExtensionContext): Parts {
  const { globalState, globalStorageUri, secrets, subscriptions, workspaceState, extensionUri } = context;
  const storage = globalStorageUri.fsPath;
  const redactor = createRedactor();
  const log = createLog(redactor);
  const report = (error: unknown) => log.error('Something in the background failed.', error);
  const providerList = registered.toSorted((a, b) => (a.label < b.label ? -1 : 1));
  const providers = new Map(providerList.map((provider) => [provider.id, provider]));
  const dialogs = { ...vscodeDialogs };

  const store = new CredentialStore(storage, { report });
  const vault = new SecretVault(
    secrets,
    once(() => readStoreId(storage)),
    redactor,
  );
  const keeping = { store, vault, providers };
  const credentials = new Credentials({ ...keeping, report });
  const network = vscodeNetwork();
  const consent = once(async () => (await import('./ui/programConsent.ts')).createConsent(dialogs));
  const mayRun = async (program: string) => workspace.isTrusted && (await (await consent())(program));
  const surroundings = { network, mayRun, learn: (values: readonly string[]) => redactor.add(values) };
  const sessions = new Sessions({ ...keeping, surroundings, report, onLocked: (id) => tree.markLocked(id) });
  const opened = new OpenedPlaces(workspaceState);
  const verifications = new Verifications(globalState);
  const icon = (file: string) => Uri.joinPath(extensionUri, 'dist', 'icons', file);
  const iconOf = (id: string) => ({ light: icon(`${id}-light.svg`), dark: icon(`${id}-dark.svg`) });

  const tree = new CredentialsTree({ store, vault, sessions, providers, verifications, opened, iconOf, report });
  const view = window.createTreeView('storageCredentials.credentials', {
    treeDataProvider: tree,
    canSelectMany: true,
    showCollapseAll: true,
  });
  const forms = new Forms(extensionUri, {
    providers: providerList,
    credentials: credentialAccess({
      keeping,
      credentials,
      isLocked: (record) => tree.isLocked(record),
      keepVerification: async (record, verification) => {
        await verifications.keep(record, verification);
        tree.redraw();
      },
    }),
    operations: draftOperations(surroundings),
    ui: {
      chooseFile: async (title, accept) => (await window.showOpenDialog({ title, filters: filtersOf(accept) }))?.[0],
      pick: (title, credentials) =>
        dialogs.pick(
          title,
          credentials.map((credential) => ({ label: credential.name, value: credential })),
        ),
      openExternal: (href) => void env.openExternal(Uri.parse(href)),
      offer: async (sentence, button) => (await dialogs.notify('warning', sentence, [button])) === button,
      showError: (sentence) => void dialogs.notify('error', sentence),
    },
    redactor,
    log,
  });
  const reports = new RemovalReports(storage);
  const removals = new RemovalsTree(storage);

  const watching = store.watch(({ added, changed, removed }) => {
    tree.redrawCredentials([...added, ...changed, ...removed]);
    void forms.refresh().catch(report);
  });
  subscriptions.push(
    { dispose: () => leaving.abort() },
    log,
    view,
    forms,
    reports,
    window.registerTreeDataProvider('storageCredentials.removals', removals),
    registerObjectFiles(sessions, redactor),
    secrets.onDidChange(() => tree.redraw()),
    window.onDidChangeWindowState(({ focused }) => focused && void store.refresh().catch(report)),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('http') && sessions.retire()),
    { dispose: () => watching[Symbol.dispose]() },
    { dispose: () => store[Symbol.dispose]() },
    { dispose: () => sessions[Symbol.asyncDispose]() },
  );
  const parts: Parts = {
    storage,
    store,
    vault,
    credentials,
    sessions,
    providers,
    network,
    tree,
    view,
    forms,
    opened,
    verifications,
    reports,
    removals,
    dialogs,
    redactor,
    log,
    own: (disposable) => void subscriptions.push(disposable),
  };
  void housekeeping(parts).catch(report);
  return parts;
}

/** Makes something when it is first asked for, and again only if that failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** What needs doing now and then, and makes nobody wait. */
async function housekeeping(parts: Parts): Promise<void> {
  const { storage, store, vault, credentials, log } = parts;
  const demo = process.env.STORAGE_CREDENTIALS_DEMO;
  if (demo !== undefined) await (await import('./demoCredentials.ts')).addDemoCredentials(demo, store, credentials);
  const { sweepOrphans } = await import('./credentials/sweep.ts');
  const { cleanRemovals } = await import('./removal/cleanup.ts');
  const orphans = await sweepOrphans({ store, vault, folder: storage });
  const old = await cleanRemovals(storage, reportDays);
  await (await import('./commands/interrupted.ts')).tellInterrupted(parts);
  if (orphans + old > 0) log.info(`Cleaned up: ${orphans} secrets without a credential, ${old} old reports.`);
}

function filtersOf(accept: readonly string[]): Record<string, string[]> {
  return accept.length === 0 ? {} : { Files: [...accept], 'All files': ['*'] };
}
