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

/** The engine behind it is loaded with the first deletion. */
const deleteEntries: Handler = async (...said) => (await import('./deleteEntries.ts')).deleteEntries(...said);

const enterNewKeys: Handler = async (...said) => (await import('./renewKeys.ts')).enterNewKeys(...said);

/** Every command of the extension, by its id in package.json. */
export const commandTable: Readonly<Record<string, Handler>> = {
  'storageCredentials.addCredential': addCredential,
  'storageCredentials.editCredential': editCredential,
  'storageCredentials.duplicateCredential': duplicateCredential,
  'storageCredentials.removeCredential': removeCredential,
  'storageCredentials.enterSecretAgain': enterSecretAgain,
  'storageCredentials.enterNewKeys': enterNewKeys,
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
  'storageCredentials.delete': deleteEntries,
  'storageCredentials.showLog': showLog,
};
