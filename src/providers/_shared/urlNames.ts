/** The names that a part of a URL can mean: decoded, as web addresses are written, or as it stands. One where both are the same or nothing in it is encoded right. */
export function decodedOrRaw(written: string): readonly string[] {
  try {
    return [...new Set([decodeURIComponent(written), written])];
  } catch {
    // A percent sign that begins no code: then it is meant as it stands.
    return [written];
  }
}
