import type { Handler } from './parts.ts';

/**
 * Every command of the extension, by its id in package.json. A command's handler has the command's name, and its code is
 * loaded when it is first called: most windows call few of them.
 */
export const commandTable: Readonly<Record<string, Handler>> = {
  ...from(
    () => import('./credentials.ts'),
    ['addCredential', 'editCredential', 'duplicateCredential', 'removeCredential', 'enterSecretAgain'],
  ),
  ...from(() => import('./renewKeys.ts'), ['enterNewKeys']),
  ...from(() => import('./verify.ts'), ['verifyCredential']),
  ...from(() => import('./verifyAll.ts'), ['verifyAll']),
  ...from(
    () => import('./browse.ts'),
    [
      'refresh',
      'loadMore',
      'filterByPrefix',
      'clearFilter',
      'openPath',
      'closePath',
      'openObject',
      'copyPath',
      'copyUrl',
      'copyArtifactUrl',
      'showLog',
    ],
  ),
  ...from(() => import('./versions.ts'), ['showVersions', 'hideVersions', 'undelete']),
  ...from(() => import('./shareLink.ts'), ['shareLink']),
  ...from(() => import('./showProperties.ts'), ['showProperties']),
  ...from(() => import('./createContainer.ts'), ['createContainer']),
  ...from(() => import('./deleteContainer.ts'), ['deleteContainer']),
  ...from(() => import('./deleteByUrl.ts'), ['deleteByUrl']),
  ...from(() => import('./whichCredential.ts'), ['whichCredential']),
  ...from(() => import('./previewDeletion.ts'), ['previewDeletion']),
  ...from(() => import('./lifecycle.ts'), ['copyLifecycleRule', 'applyLifecycleRule', 'removeLifecycleRule']),
  ...from(() => import('./deleteEntries.ts'), ['delete', 'abortUpload', 'deleteAllVersions']),
  ...from(
    () => import('./removals.ts'),
    [
      'pauseRemoval',
      'resumeRemoval',
      'cancelRemoval',
      'retryRemoval',
      'checkRemoval',
      'showRemovalReport',
      'clearRemoval',
      'clearRemovals',
      'refreshRemovals',
    ],
  ),
};

function from<Name extends string>(
  load: () => Promise<Record<Name, Handler>>,
  names: readonly Name[],
): Readonly<Record<string, Handler>> {
  return Object.fromEntries(
    names.map((name): [string, Handler] => [
      `storageCredentials.${name}`,
      async (...said) => (await load())[name](...said),
    ]),
  );
}
