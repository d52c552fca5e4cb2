/** The most bytes that what we ship may have. */
export const limits = {
  /** The entry and all it imports statically, minified. */
  mainBundle: 100_000,
  lazyChunk: 800_000,
  vsix: 1_500_000,
};
