// Types of driver.mjs.
export const swiftShader: string;
export function hasDriver(): boolean;
