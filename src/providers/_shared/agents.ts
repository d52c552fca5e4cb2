import type { Agent } from 'node:http';
import type { Network } from '../../core/provider.ts';
import { createAgent, type Trust } from './http.ts';

/** The agents of a client that speaks to more than one server: one for each, made with its first request. */
export class Agents {
  readonly #network: Network;
  readonly #trust: Trust;
  readonly #made = new Map<string, Agent>();

  constructor(network: Network, trust: Trust) {
    this.#network = network;
    this.#trust = trust;
  }

  at(server: URL): Agent {
    const known = this.#made.get(server.origin);
    if (known) return known;
    const agent = createAgent(server, this.#network, this.#trust);
    this.#made.set(server.origin, agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#made.values()) agent.destroy();
  }
}
