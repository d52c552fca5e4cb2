import type { Contract } from '../contract/contractSuite.ts';
import { type Fault, type FaultProxy, type RecordedRequest, startFaultProxy } from '../servers/faultProxy.ts';
import type { Middle, Scene } from './cell.ts';

/** A proxy that reads and breaks requests. */
export interface HttpMiddle extends Middle {
  readonly proxy: FaultProxy;
}

export type HttpScene = Scene<HttpMiddle>;

export async function startHttpMiddle(
  contract: Contract,
  options: Partial<Parameters<typeof startFaultProxy>[0]> = {},
): Promise<HttpMiddle> {
  const proxy = await startFaultProxy({ target: contract.server.origin, ...contract.server.proxy, ...options });
  return {
    proxy,
    origin: proxy.endpoint,
    calm: () => proxy.reset(),
    cut: () => proxy.cut(),
    idle: () => proxy.idle(),
    stop: () => proxy.stop(),
  };
}

/** Breaks about a quarter of the requests that fit, the first of them always, and at most so many. */
export function breakSome(
  scene: HttpScene,
  fits: (request: RecordedRequest) => boolean,
  fault: Fault,
  most = 1e9,
): void {
  let broken = 0;
  let asked = 0;
  scene.middle.proxy.addRule({
    when(request) {
      if (broken >= most || !fits(request)) return false;
      const chosen = asked++ === 0 || scene.random.chance(0.25);
      if (!chosen) return false;
      broken++;
      scene.hit();
      return true;
    },
    fault,
  });
}

/** From the second deletion on every request is broken so. */
export function breakForGood(scene: HttpScene, fault: Fault): void {
  let deletions = 0;
  scene.middle.proxy.addRule({
    when(request) {
      if (isDeletion(scene)(request)) deletions++;
      if (deletions < 2) return false;
      scene.hit();
      return true;
    },
    fault,
  });
}

export function isDeletion({ contract }: HttpScene) {
  return (request: RecordedRequest) => contract.server.deletedBy(request).length > 0;
}

/** What asks which objects there are; neither signing in nor deleting. */
export function isListing(scene: HttpScene) {
  const deletes = isDeletion(scene);
  return (request: RecordedRequest) =>
    !deletes(request) &&
    (request.method === 'GET' || request.method === 'PROPFIND') &&
    !/oauth|token/.test(request.target);
}
