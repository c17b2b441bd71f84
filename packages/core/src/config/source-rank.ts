/** Places that a value can come from, the weakest first, as `ServeSettings.sources` names them. */
const PLACES = ['default', 'variable PORT', 'file ', 'options in code', 'variable ', 'flag ']

/** How strong the place of a value is: where two settings say the same thing, the higher one counts. @internal */
export function sourceRank(source: string): number {
  return PLACES.findIndex((place) => source === place || (place.endsWith(' ') && source.startsWith(place)))
}
