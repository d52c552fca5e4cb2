import { createHmac } from 'node:crypto';
import type { Azurite } from '../servers/azurite.ts';

/** A SAS token of an account. https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
export function accountSas(
  { account, accountKey }: Pick<Azurite, 'account' | 'accountKey'>,
  { permissions, minutes = 120 }: { permissions: string; minutes?: number },
): string {
  const said = {
    ...{ sv: '2021-12-02', ss: 'b', srt: 'sco', sp: permissions },
    se: new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z'),
    spr: 'https,http',
  };
  const { sv, ss, srt, sp, se, spr } = said;
  const signed = [account, sp, ss, srt, '', se, '', spr, sv, '', ''].join('\n');
  const sig = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(signed).digest('base64');
  return new URLSearchParams({ ...said, sig }).toString();
}

/** A SAS token of one container. https://learn.microsoft.com/rest/api/storageservices/create-service-sas */
export function containerSas(
  { account, accountKey }: Pick<Azurite, 'account' | 'accountKey'>,
  container: string,
  permissions: string,
): string {
  const said = {
    ...{ sv: '2021-12-02', sr: 'c', sp: permissions },
    se: new Date(Date.now() + 7_200_000).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const { sv, sr, sp, se } = said;
  const place = `/blob/${account}/${container}`;
  const signed = [sp, '', se, place, '', '', '', sv, sr, '', '', '', '', '', '', ''].join('\n');
  const sig = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(signed).digest('base64');
  return new URLSearchParams({ ...said, sig }).toString();
}
