import { text } from '../../core/fields.ts';

/** The field that names the server of a protocol without URLs: its name or address, and nothing else. */
export function hostField(help: string) {
  return text({
    label: 'Host',
    help,
    required: true,
    refuse: (host) =>
      /^[^\s/@:?#[\]\\]+$/.test(host) || /^(\[[0-9a-fA-F:.]+\]|[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*)$/.test(host)
        ? undefined
        : 'Enter the name or address alone, without user, port or path.',
  });
}

/** The field that says where on the server a credential begins. */
export const basePathField = text({
  label: 'Base path',
  help: 'Only what lies in this folder. Left empty, where the server puts you after signing in.',
});

/** Host and port as URLs write them. @param usual the port that need not be said */
export function serverAddress({ host, port }: { host: string; port?: number | undefined }, usual?: number): string {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  const written = name.includes(':') ? `[${name}]` : name;
  return port === undefined || port === usual ? written : `${written}:${port}`;
}
