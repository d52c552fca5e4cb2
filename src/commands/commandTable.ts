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

const deletion = () => import('./deleteEntries.ts');
const versions = () => import('./versions.ts');

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
  'storageCredentials.verifyAll': lazy('verifyAll', () => import('./verifyAll.ts')),
  'storageCredentials.refresh': refresh,
  'storageCredentials.loadMore': loadMore,
  'storageCredentials.filterByPrefix': filterByPrefix,
  'storageCredentials.clearFilter': clearFilter,
  'storageCredentials.openPath': openPath,
  'storageCredentials.closePath': closePath,
  'storageCredentials.openObject': openObject,
  'storageCredentials.copyPath': copyPath,
  'storageCredentials.copyUrl': copyUrl,
  'storageCredentials.shareLink': lazy('shareLink', () => import('./shareLink.ts')),
  'storageCredentials.showProperties': lazy('showProperties', () => import('./showProperties.ts')),
  'storageCredentials.createContainer': lazy('createContainer', () => import('./createContainer.ts')),
  'storageCredentials.deleteContainer': lazy('deleteContainer', () => import('./deleteContainer.ts')),
  'storageCredentials.delete': lazy('deleteEntries', deletion),
  'storageCredentials.abortUpload': lazy('deleteEntries', deletion),
  'storageCredentials.deleteAllVersions': lazy('deleteAllVersions', deletion),
  'storageCredentials.showVersions': lazy('showVersions', versions),
  'storageCredentials.hideVersions': lazy('hideVersions', versions),
  'storageCredentials.undelete': lazy('undelete', versions),
  'storageCredentials.showLog': showLog,
};

/** A command whose code is loaded when it is first called: the engines behind some are large. */
function lazy<K extends string>(name: K, load: () => Promise<Record<K, Handler>>): Handler {
  return async (...said) => (await load())[name](...said);
}
