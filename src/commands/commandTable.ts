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
/** Used now and then, so loaded when first called. */
const shareLink: Handler = async (...said) => (await import('./shareLink.ts')).shareLink(...said);
const createContainer: Handler = async (...said) => (await import('./createContainer.ts')).createContainer(...said);
const deleteContainer: Handler = async (...said) => (await import('./deleteContainer.ts')).deleteContainer(...said);
const showProperties: Handler = async (...said) => (await import('./showProperties.ts')).showProperties(...said);
const verifyAll: Handler = async (...said) => (await import('./verifyAll.ts')).verifyAll(...said);

/** Every command of the extension, by its id in package.json. */
export const commandTable: Readonly<Record<string, Handler>> = {
  'storageCredentials.addCredential': addCredential,
  'storageCredentials.editCredential': editCredential,
  'storageCredentials.duplicateCredential': duplicateCredential,
  'storageCredentials.removeCredential': removeCredential,
  'storageCredentials.enterSecretAgain': enterSecretAgain,
  'storageCredentials.verifyCredential': verifyCredential,
  'storageCredentials.verifyAll': verifyAll,
  'storageCredentials.refresh': refresh,
  'storageCredentials.loadMore': loadMore,
  'storageCredentials.filterByPrefix': filterByPrefix,
  'storageCredentials.clearFilter': clearFilter,
  'storageCredentials.openPath': openPath,
  'storageCredentials.closePath': closePath,
  'storageCredentials.openObject': openObject,
  'storageCredentials.copyPath': copyPath,
  'storageCredentials.copyUrl': copyUrl,
  'storageCredentials.shareLink': shareLink,
  'storageCredentials.showProperties': showProperties,
  'storageCredentials.createContainer': createContainer,
  'storageCredentials.delete': deleteEntries,
  'storageCredentials.deleteContainer': deleteContainer,
  'storageCredentials.showLog': showLog,
};
