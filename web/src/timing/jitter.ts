/** Returns a random delay, so that browsers that lost the service together do not retry together. */
export function jittered(least: number, most: number): number {
  return least + (most - least) * Math.random();
}
