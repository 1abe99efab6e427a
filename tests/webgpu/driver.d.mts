// Types of driver.mjs.
export const chromium: string;
export const swiftShader: string;
export function hasDriver(): boolean;
export function hasChromium(): boolean;
