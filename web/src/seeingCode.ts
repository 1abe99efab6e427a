// The code that looks at pictures, which the first look loads.
export function seeingCode(): Promise<Pick<typeof import('./seeing.js'), 'looks'>> {
  return import('./seeing.js');
}
