// What WebGPU runs on here: SwiftShader, which computes everything on the processor.
import { existsSync } from 'node:fs';

/** Debian's Chromium, or the one that GESSO_CHROMIUM names. */
export const chromium = process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium';

/** SwiftShader as Vulkan finds it: Debian's Chromium brings it. */
export const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Whether Dawn has a driver to run on. VK_ICD_FILENAMES names another one. */
export function hasDriver() {
  return existsSync(process.env.VK_ICD_FILENAMES ?? swiftShader);
}

/** Whether there is a browser to run in. */
export function hasChromium() {
  return existsSync(chromium);
}
