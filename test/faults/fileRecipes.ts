import type { Contract } from '../contract/contractSuite.ts';
import type { Certificates } from '../servers/certificates.ts';
import { type FtpFault, type FtpProxy, startFtpProxy } from '../servers/ftpProxy.ts';
import { type SftpFault, type SftpProxy, startSftpProxy } from '../servers/sftpProxy.ts';
import type { Middle, Scene, Told } from './cell.ts';
import { addedAndChanged, nameNotFound, type RecipeOrReason } from './httpRecipes.ts';
import type { FaultKind } from './kinds.ts';

export interface FtpMiddle extends Middle {
  readonly proxy: FtpProxy;
}

export interface SftpMiddle extends Middle {
  readonly proxy: SftpProxy;
}

export async function startFtpMiddle({ server }: Contract): Promise<FtpMiddle> {
  const proxy = await startFtpProxy(Number(new URL(server.origin).port));
  return middleOf(proxy, 'ftp');
}

export async function startSftpMiddle({ server }: Contract): Promise<SftpMiddle> {
  const { username = '', password = '' } = server.draft(server.origin);
  const port = Number(new URL(server.origin).port);
  const proxy = await startSftpProxy({ port, username: String(username), password: String(password) });
  return middleOf(proxy, 'sftp');
}

function middleOf<P extends FtpProxy | SftpProxy>(proxy: P, scheme: string) {
  return {
    proxy,
    origin: `${scheme}://127.0.0.1:${proxy.port}`,
    calm: () => proxy.reset(),
    cut: () => proxy.cut(),
    // A server has done what it was told within this time.
    idle: () => new Promise<void>((resolve) => setTimeout(resolve, 200)),
    stop: () => proxy.stop(),
  };
}

const noHttp = 'it is no HTTP';
const noConditions = 'it has no conditions';
const noLocks = 'it has no locks';
const noTokens = 'it has no tokens';

/** How each fault is made at an FTP server. */
export function ftpRecipe(kind: FaultKind, certificates: Certificates): RecipeOrReason<FtpMiddle> {
  const deletes = (command: string) => command.startsWith('DELE ');
  const lists = (command: string) => command.startsWith('MLSD') || command.startsWith('LIST');
  const some = (fits: (command: string) => boolean, fault: FtpFault, most?: number): RecipeOrReason<FtpMiddle> => ({
    ...(fits === lists ? { whilePlanning: true as const } : {}),
    arm: (scene) => scene.middle.proxy.addRule({ when: sometimes(scene, fits, most), fault }),
  });
  switch (kind) {
    case '503':
      return some(deletes, { kind: 'reply', text: '450 The file is busy.' });
    case '429 with Retry-After':
      return some(deletes, { kind: 'reply', text: '421 Too many connections.', close: true }, 4);
    case '500':
      return some(deletes, { kind: 'reply', text: '451 Local error in processing.' });
    case 'reset before it is done':
      return some(deletes, { kind: 'close-before' }, 6);
    case 'reset after it is done':
      return some(deletes, { kind: 'close-after' }, 6);
    case 'answer cut off':
      return some(lists, { kind: 'cut-data', afterBytes: 300 });
    case 'answer ends early, length right':
      return some(lists, { kind: 'change-data', change: (whole) => whole.subarray(0, (whole.length >> 1) - 1) });
    case 'some refused for trouble':
      return {
        arm({ middle, chosen, hit }) {
          middle.proxy.addRule({
            when: (command) => isChosen(command, deletes(command), chosen, hit),
            fault: { kind: 'reply', text: '550 Failure.' },
          });
        },
      };
    case 'some refused as forbidden':
      return forbidden();
    case 'token expires for good':
      return {
        arm(scene) {
          dieAtSecond(scene, deletes, () => {
            scene.middle.proxy.addRule({
              when: (command) => command.startsWith('PASS ') && hitting(scene),
              fault: { kind: 'reply', text: '530 Login incorrect.' },
            });
          });
        },
      };
    case 'never answered':
      return some(deletes, { kind: 'never-answer' }, 1);
    case 'slow drip':
      return some(deletes, { kind: 'drip', ms: 5 }, 6);
    case 'name not found':
      return byName(nameNotFound<FtpMiddle>((scene, die) => dieAtSecond(scene, deletes, die)));
    case 'certificate changes':
      return {
        arm(scene) {
          dieAtSecond(scene, deletes, () => {
            scene.middle.proxy.addRule({
              when: (command) => command.startsWith('AUTH ') && hitting(scene),
              fault: { kind: 'tls', certificate: certificates.selfSigned },
            });
          });
        },
      };
    case 'things twice in a page':
      return some(lists, { kind: 'change-data', change: twice });
    case 'added and changed meanwhile':
      return addedAndChanged(async (scene) => {
        await scene.contract.server.put(scene.container, 'k/new');
        scene.hit();
      });
    case '200 with an error in it':
      return 'a reply is its code';
    case 'some refused as changed':
      return noConditions;
    case 'some locked':
      return noLocks;
    case 'clock skew':
    case 'token expires, and is renewed':
      return noTokens;
    case 'pages in a circle':
      return 'a folder comes in one answer';
    case 'sent elsewhere':
    case 'proxy asks for a sign-in':
    case 'wrong length':
      return noHttp;
  }
}

/** How each fault is made at an SFTP server. */
export function sftpRecipe(kind: FaultKind): RecipeOrReason<SftpMiddle> {
  const name = 'REMOVE';
  const some = (fault: SftpFault, most?: number, asked = name): RecipeOrReason<SftpMiddle> => ({
    ...(asked === name ? {} : { whilePlanning: true as const }),
    draft: ({ middle }) => ({ hostKey: middle.proxy.hostKey }),
    arm(scene) {
      const chosen = sometimes(scene, (request: string) => request === asked, most);
      scene.middle.proxy.addRule({ when: (request) => chosen(request.name), fault });
    },
  });
  const dying = (die: (scene: Scene<SftpMiddle>) => void): RecipeOrReason<SftpMiddle> => ({
    draft: ({ middle }) => ({ hostKey: middle.proxy.hostKey }),
    arm(scene) {
      dieAtSecondRemove(scene, () => {
        die(scene);
        scene.hit();
      });
    },
  });
  switch (kind) {
    case '500':
      return some({ kind: 'status', code: 4 });
    case 'reset before it is done':
      return some({ kind: 'cut-before' }, 4);
    case 'reset after it is done':
      return some({ kind: 'cut-after' }, 4);
    case 'answer cut off':
      return some({ kind: 'close-channel' }, 2);
    case 'answer ends early, length right':
      return some({ kind: 'cut-after' }, 1, 'READDIR');
    case 'some refused for trouble':
      return {
        draft: ({ middle }) => ({ hostKey: middle.proxy.hostKey }),
        arm({ middle, chosen, hit }) {
          middle.proxy.addRule({
            when: (request) => isChosen(request.path, request.name === name, chosen, hit),
            fault: { kind: 'status', code: 4 },
          });
        },
      };
    case 'some refused as forbidden':
      return { ...forbidden<SftpMiddle>(), draft: ({ middle }) => ({ hostKey: middle.proxy.hostKey }) };
    case 'token expires for good':
      return dying(({ middle }) => middle.proxy.refuseEveryone());
    case 'never answered':
      return some({ kind: 'never-answer' }, 1);
    case 'slow drip':
      return some({ kind: 'delay', ms: 300 });
    case 'name not found':
      return byName(nameNotFound<SftpMiddle>(dieAtSecondRemove), ({ middle }) => middle.proxy.hostKey);
    case 'certificate changes':
      return dying(({ middle }) => middle.proxy.changeHostKey());
    case 'things twice in a page':
      return some({ kind: 'change-names', change: (names) => names.flatMap((each) => [each, each]) }, 1e9, 'READDIR');
    case 'added and changed meanwhile':
      return {
        ...addedAndChanged<SftpMiddle>(async (scene) => {
          await scene.contract.server.put(scene.container, 'k/new');
          scene.hit();
        }),
        draft: ({ middle }) => ({ hostKey: middle.proxy.hostKey }),
      };
    case '503':
    case '429 with Retry-After':
      return 'it has no word for it';
    case '200 with an error in it':
      return 'an answer is its status';
    case 'some refused as changed':
      return noConditions;
    case 'some locked':
      return noLocks;
    case 'clock skew':
    case 'token expires, and is renewed':
      return noTokens;
    case 'pages in a circle':
      return 'the library reads a folder whole';
    case 'sent elsewhere':
    case 'proxy asks for a sign-in':
    case 'wrong length':
      return noHttp;
  }
}

/** About a quarter of those that fit, the first of them always. */
function sometimes<T>(scene: Scene, fits: (asked: T) => boolean, most = 1e9): (asked: T) => boolean {
  let broken = 0;
  let asked = 0;
  return (request) => {
    if (broken >= most || !fits(request)) return false;
    if (asked++ > 0 && !scene.random.chance(0.25)) return false;
    broken++;
    return hitting(scene);
  };
}

function hitting(scene: Scene): true {
  scene.hit();
  return true;
}

function isChosen(path: string, deletes: boolean, chosen: ReadonlySet<string>, hit: () => void): boolean {
  const meant = deletes && [...chosen].some((name) => path.endsWith(`/${name}`));
  if (meant) hit();
  return meant;
}

function dieAtSecond(scene: Scene<FtpMiddle>, deletes: (command: string) => boolean, die: () => void): void {
  let deletions = 0;
  scene.middle.proxy.addRule({
    when(command) {
      if (!deletes(command) || ++deletions !== 2) return false;
      die();
      setImmediate(() => scene.middle.cut());
      return true;
    },
    fault: { kind: 'never-answer' },
  });
}

function dieAtSecondRemove(scene: Scene<SftpMiddle>, die: () => void): void {
  let deletions = 0;
  scene.middle.proxy.addRule({
    when(request) {
      if (request.name !== 'REMOVE' || ++deletions !== 2) return false;
      die();
      setImmediate(() => scene.middle.cut());
      return true;
    },
    fault: { kind: 'never-answer' },
  });
}

/** By the server itself: the folder's others stay deletable where only files are refused. */
function forbidden<M extends Middle>(): Exclude<RecipeOrReason<M>, string> {
  return {
    async prepare({ contract, container, chosen, hit }) {
      await contract.server.refuseDeletion?.(container, [...chosen]);
      hit();
    },
    arm() {},
    judge: (outcomes: readonly Told[], { chosen }) =>
      outcomes
        .filter(({ name, result }) => chosen.has(name) && result !== 'denied')
        .map(({ name, result }) => `It is refused, and said to be ${result}: ${name}`),
  };
}

function byName<M extends Middle>(
  recipe: Exclude<RecipeOrReason<M>, string>,
  hostKey?: (scene: Scene<M>) => string,
): RecipeOrReason<M> {
  return {
    ...recipe,
    draft: (scene) => ({ host: 'localhost', ...(hostKey ? { hostKey: hostKey(scene) } : {}) }),
  };
}

function twice(whole: Buffer): Buffer {
  const lines = whole.toString('latin1').split(/(?<=\n)/);
  return Buffer.from(lines.flatMap((line) => [line, line]).join(''), 'latin1');
}
