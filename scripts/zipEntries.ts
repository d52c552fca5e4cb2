const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** The names of the files in a ZIP archive, in its own order (APPNOTE.TXT 4.3.12 and 4.3.16). */
export function zipEntries(archive: Buffer): string[] {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw new Error('Not a ZIP archive');
  const count = archive.readUInt16LE(end + 10);
  const names: string[] = [];
  let offset = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (archive.readUInt32LE(offset) !== entrySignature) throw new Error('The ZIP archive has a broken directory');
    const nameLength = archive.readUInt16LE(offset + 28);
    names.push(archive.toString('utf8', offset + 46, offset + 46 + nameLength));
    offset += 46 + nameLength + archive.readUInt16LE(offset + 30) + archive.readUInt16LE(offset + 32);
  }
  return names;
}
