import { type Field, text } from '../../core/fields.ts';

/** The field that names the one container that a credential is for. @param noun what the provider calls it */
export function containerField(noun: string, help: string): Field<string, false> {
  return text({
    label: `${noun[0]?.toUpperCase()}${noun.slice(1)}`,
    help,
    refuse: (value) =>
      value.includes('/') ? `A ${noun} name has no slash. Folders go into the next field.` : undefined,
  });
}

/** The field that narrows a credential to one prefix of that container. @param noun also the name of its field */
export function subfolderField(noun: string): Field<string, false> {
  return text({
    label: 'Sub-folder',
    help: `Only what lies under this prefix of the ${noun}, for example projects/alpha.`,
    when: { [noun]: { matches: '.' } },
    hint: (value) => (value.startsWith('/') ? 'The leading slash is taken as part of the names.' : undefined),
  });
}
