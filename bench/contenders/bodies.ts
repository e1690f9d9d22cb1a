// What the upstream answers to GET, by path; what a proxy must pass on unchanged.

export const bodies: ReadonlyMap<string, string> = new Map([
  ['/small', 's'.repeat(300)],
  ['/large', 'l'.repeat(16 * 1024)],
])
