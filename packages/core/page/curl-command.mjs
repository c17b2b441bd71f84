/** The same request for a shell. Files are named as they are in the folder where it is run. */
export function curlCommand({ url, headers, body }, isStream) {
  const options = Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`)
  // As items come, not as a buffer fills.
  if (isStream) options.unshift('-N')
  return [`curl -s ${quote(url)}`, ...options, ...bodyOptions(body)].join(' \\\n  ')
}

function bodyOptions(body) {
  if (body instanceof FormData) return [...body].map(([name, value]) => part(name, value))
  if (body instanceof Blob) return [`--data-binary ${quote(`@${body.name}`)}`]
  // Without a body it would be a GET.
  return body === undefined ? ['-X POST'] : [`--data-raw ${quote(body)}`]
}

function part(name, value) {
  if (typeof value === 'string') return `--form-string ${quote(`${name}=${value}`)}`
  const type = value.type === '' ? '' : `;type=${value.type}`
  return `-F ${quote(`${name}=@${value.name}${type}`)}`
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`
}
