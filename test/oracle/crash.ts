import type { Call, StorageClient, Target } from '../../src/core/storageClient.ts';

/** At which call of `remove`, or at which line of the journal, a run dies. */
export interface Crash {
  readonly when: 'before a call' | 'after a call was sent' | 'after a call was answered' | 'after a line was kept';
  /** Which of these, from 1. */
  readonly nth: number;
  /** Milliseconds between the sending and the end. */
  readonly delay: number;
}

/** A client whose owner dies when its time has come: from then on it asks nothing and answers nothing. */
export interface Mortal {
  readonly client: StorageClient;
  /** To be told of a line that was kept. */
  kept(): void;
}

/** @param die called once, when the time has come */
export function mortal(client: StorageClient, crash: Crash, die: () => void): Mortal {
  let dead = false;
  let calls = 0;
  let lines = 0;
  const end = () => {
    if (dead) return;
    dead = true;
    die();
  };
  const alive = async <T>(answer: Promise<T>, last = false): Promise<T> => {
    const settled = await answer.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    if (last) end();
    return dead ? never() : settled();
  };
  const remove = async (batch: readonly Target[], call: Call) => {
    const own = ++calls === crash.nth ? crash.when : undefined;
    if (own === 'before a call') end();
    if (dead) return never();
    const answer = client.remove?.(batch, call) ?? Promise.resolve([]);
    if (own === 'after a call was sent') setTimeout(end, crash.delay);
    return await alive(answer, own === 'after a call was answered');
  };
  const guarded = new Proxy(client, {
    get(target, name) {
      if (name === 'remove') return remove;
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (dead) return never();
        const answer: unknown = value.apply(target, args);
        return answer instanceof Promise ? alive(answer) : answer;
      };
    },
  });
  return {
    client: guarded,
    kept() {
      if (++lines === crash.nth && crash.when === 'after a line was kept') end();
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}
