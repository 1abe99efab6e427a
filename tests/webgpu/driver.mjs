// What Dawn runs on here: SwiftShader, which computes everything on the processor.
import { existsSync } from 'node:fs';

/** Debian's Chromium brings it. */
export const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Whether Dawn has a driver to run on. VK_ICD_FILENAMES names another one. */
export function hasDriver() {
  return existsSync(process.env.VK_ICD_FILENAMES ?? swiftShader);
}
