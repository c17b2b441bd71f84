/** One labelled sentence with its place in the encoder's space, a vector of length one. */
export interface Neighbour {
  readonly label: string
  readonly text: string
  readonly vector: readonly number[]
}

export interface NearestLabel {
  readonly label: string
  /** The label's share of the neighbours' votes, 0 to 1. */
  readonly score: number
  /** The closest sentence of that label. */
  readonly nearest: string
}

const NEIGHBOURS = 5

/** The label that the nearest sentences agree on, each with a vote as strong as its cosine similarity. */
export function nearestLabel(vector: readonly number[], index: readonly Neighbour[]): NearestLabel {
  const nearest = index
    .map((neighbour) => ({ neighbour, vote: Math.max(0, dot(vector, neighbour.vector)) }))
    .sort((a, b) => b.vote - a.vote)
    .slice(0, NEIGHBOURS)
  const votes = new Map<string, number>()
  for (const { neighbour, vote } of nearest) votes.set(neighbour.label, (votes.get(neighbour.label) ?? 0) + vote)
  const [winner] = [...votes].sort(([, a], [, b]) => b - a)
  if (winner === undefined) throw new RangeError('The index has no sentences')
  const [label, votesForIt] = winner
  const total = [...votes.values()].reduce((sum, vote) => sum + vote, 0)
  const first = nearest.find(({ neighbour }) => neighbour.label === label)
  return { label, score: total === 0 ? 0 : votesForIt / total, nearest: first?.neighbour.text ?? '' }
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}
