import {
  clearFilter,
  closePath,
  copyPath,
  copyUrl,
  filterByPrefix,
  loadMore,
  openObject,
  openPath,
  refresh,
  showLog,
} from './browse.ts';
import {
  addCredential,
  duplicateCredential,
  editCredential,
  enterSecretAgain,
  removeCredential,
} from './credentials.ts';
import type { Handler } from './parts.ts';
import { verifyCredential } from './verify.ts';

/** A handler whose code is loaded with its first use. */
function lazily<Name extends string>(load: () => Promise<Record<Name, Handler>>, name: Name): Handler {
  return async (...said) => (await load())[name](...said);
}

const deletion = () => import('./deleteEntries.ts');
const versions = () => import('./versions.ts');

/** Every command of the extension, by its id in package.json. */
export const commandTable: Readonly<Record<string, Handler>> = {
  'storageCredentials.addCredential': addCredential,
  'storageCredentials.editCredential': editCredential,
  'storageCredentials.duplicateCredential': duplicateCredential,
  'storageCredentials.removeCredential': removeCredential,
  'storageCredentials.enterSecretAgain': enterSecretAgain,
  'storageCredentials.verifyCredential': verifyCredential,
  'storageCredentials.refresh': refresh,
  'storageCredentials.loadMore': loadMore,
  'storageCredentials.filterByPrefix': filterByPrefix,
  'storageCredentials.clearFilter': clearFilter,
  'storageCredentials.openPath': openPath,
  'storageCredentials.closePath': closePath,
  'storageCredentials.openObject': openObject,
  'storageCredentials.copyPath': copyPath,
  'storageCredentials.copyUrl': copyUrl,
  'storageCredentials.delete': lazily(deletion, 'deleteEntries'),
  'storageCredentials.abortUpload': lazily(deletion, 'deleteEntries'),
  'storageCredentials.deleteAllVersions': lazily(deletion, 'deleteAllVersions'),
  'storageCredentials.showVersions': lazily(versions, 'showVersions'),
  'storageCredentials.hideVersions': lazily(versions, 'hideVersions'),
  'storageCredentials.undelete': lazily(versions, 'undelete'),
  'storageCredentials.showLog': showLog,
};
