// Types of mnist.mjs.
export const side: number;
export const pixels: number;
export function isHeldOut(index: number): boolean;
export function isValidation(index: number): boolean;
export function readMnist(folder: string): { images: Uint8Array[]; labels: Uint8Array };
