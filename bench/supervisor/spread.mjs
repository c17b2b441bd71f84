/** Median and range of some numbers, as text. */
export function spread(numbers, digits = 2) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const [least, most] = [sorted[0], sorted.at(-1)]
  return `median ${median(sorted).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
