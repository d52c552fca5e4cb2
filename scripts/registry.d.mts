export function providerFolders(root: string): string[];
export function writeRegistry(root: string): string;
