/** Cuts text that comes in pieces into lines, which end with LF, CR LF or CR, as Server-Sent Events may. */
export class LineSplitter {
  #rest = ''
  #endedWithReturn = false

  /** The lines that this piece completes. */
  push(piece: string): string[] {
    // The LF of a CR LF that was cut in two.
    const text = this.#endedWithReturn && piece.startsWith('\n') ? piece.slice(1) : piece
    if (piece !== '') this.#endedWithReturn = piece.endsWith('\r')
    const lines = text.split(/\r\n|\n|\r/)
    lines[0] = this.#rest + lines[0]
    this.#rest = lines.pop() ?? ''
    return lines
  }

  /** What came after the last line end. */
  end(): string {
    const rest = this.#rest
    this.#rest = ''
    return rest
  }
}
