/** A delay drawn at random, so that browsers which lost the service together do not return to it as one. */
export function jittered(least: number, most: number): number {
  return least + (most - least) * Math.random();
}
