import type { Disposable, TreeView } from 'vscode';
import type { OpenedPlaces } from '../browse/openedPlaces.ts';
import type { Network, Provider } from '../core/provider.ts';
import type { Redactor } from '../core/redaction.ts';
import type { CredentialStore } from '../credentials/credentialStore.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { SecretVault } from '../credentials/secretVault.ts';
import type { Forms } from '../form/forms.ts';
import type { Log } from '../log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { CredentialsTree } from '../tree/credentialsTree.ts';
import type { Node } from '../tree/nodes.ts';
import type { RemovalsTree } from '../tree/removalsTree.ts';
import type { Verifications } from '../tree/verifications.ts';
import type { Dialogs } from '../ui/dialogs.ts';
import type { RemovalReports } from '../ui/removalReports.ts';

/** The parts that commands work with. */
export interface Parts {
  /** The extension's own folder on disk. */
  readonly storage: string;
  readonly store: CredentialStore;
  readonly vault: SecretVault;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly network: Network;
  readonly tree: CredentialsTree;
  readonly view: TreeView<Node>;
  readonly forms: Forms;
  readonly opened: OpenedPlaces;
  readonly verifications: Verifications;
  readonly reports: RemovalReports;
  readonly removals: RemovalsTree;
  readonly dialogs: Dialogs;
  readonly redactor: Redactor;
  readonly log: Log;
  /** Disposed of with the extension. */
  readonly own: (disposable: Disposable) => void;
}

/** What a command does: the row it was called on and the selected rows, as VS Code passes them. */
export type Handler = (parts: Parts, node?: Node, nodes?: readonly Node[]) => Promise<void>;
