/** The table of sizes in README.md, made of what is in dist/. */
export function sizeTable(): string;
