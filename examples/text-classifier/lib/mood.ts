import { SentimentIntensityAnalyzer } from 'vader-sentiment'

export const MOODS = ['negative', 'neutral', 'positive'] as const
export type Mood = (typeof MOODS)[number]

// The thresholds that VADER's authors advise.
const NEUTRAL_BELOW = 0.05

/** How a text sounds, by VADER's lexicon and rules. */
export function moodOf(text: string): Mood {
  const { compound } = SentimentIntensityAnalyzer.polarity_scores(text)
  if (Math.abs(compound) < NEUTRAL_BELOW) return 'neutral'
  return compound > 0 ? 'positive' : 'negative'
}
