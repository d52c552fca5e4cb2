import { workspace } from 'vscode';
import type { Network } from '../core/provider.ts';
import { createNetwork, type NetworkSettings } from '../sessions/network.ts';

/** The network as VS Code's http settings are when a connection is made. User settings alone: no workspace decides where requests go. */
export function vscodeNetwork(): Network {
  let made: { readonly of: string; readonly network: Network } | undefined;
  const current = () => {
    const settings = readSettings();
    const of = JSON.stringify(settings);
    if (made?.of !== of) made = { of, network: createNetwork(settings, process.env) };
    return made.network;
  };
  return {
    proxyFor: (url) => current().proxyFor(url),
    get certificates() {
      return current().certificates;
    },
  };
}

interface Inspected<T> {
  readonly globalValue?: T;
  readonly defaultValue?: T;
  /** Those of the person in a remote window. */
  readonly globalLocalValue?: T;
}

function readSettings(): NetworkSettings {
  const http = workspace.getConfiguration('http');
  const read = <T>(name: string, fallback: T): T => {
    // In a remote window the settings of the remote count first; without any, those of the person do, as for VS Code itself.
    const found: Inspected<T> | undefined = http.inspect<T>(name);
    return found?.globalValue ?? found?.globalLocalValue ?? found?.defaultValue ?? fallback;
  };
  return {
    proxySupport: read('proxySupport', 'override'),
    proxy: read('proxy', ''),
    noProxy: read('noProxy', []),
    systemCertificates: read('systemCertificates', true),
  };
}
