/** A descriptor that a service manager passed. */
export interface PassedSocket {
  readonly fd: number
  readonly name: string
  /** How it is shown: `127.0.0.1:3000`, `/run/app.sock`. */
  readonly shown: string
  /** Why nobody can accept on it; undefined: it is a listening stream socket. */
  readonly unusable: string | undefined
  /** Is its port the one wanted? */
  readonly samePort: boolean
  /** Is its address the host wanted, or one that takes it in; of a Unix socket, its path? */
  readonly sameHost: boolean
}

/** What the settings say of the address: host and port, or the path of a Unix socket. */
export interface WantedAddress {
  readonly shown: string
  readonly port: Given
  /** Of a Unix socket its path. */
  readonly host: Given
  readonly hostOption: 'host' | 'uds'
}

export type AddressOption = 'port' | WantedAddress['hostOption']

/**
 * Where a setting was given: `here` by flag or variable, as near to the process as the socket itself; `elsewhere`
 * in a file, in code or by PORT, over which the socket wins; `nowhere` if it is a default.
 */
export type Given = 'here' | 'elsewhere' | 'nowhere'

export type ActivatedChoice =
  | { readonly socket: PassedSocket; readonly overrides: readonly AddressOption[] }
  | { readonly refusal: string }

/** The names by which a unit says which socket is for HTTP (`FileDescriptorName=`). */
const HTTP_NAMES = ['http', 'ekiben']

/** Which of the sockets is the public one. Where that is not clear the answer is a refusal, never a guess. */
export function chooseActivated(passed: readonly PassedSocket[], wanted: WantedAddress): ActivatedChoice {
  const [first, ...others] = passed
  if (first === undefined) return { refusal: 'there is none' }
  const found = others.length === 0 ? first : findSocket(passed, wanted)
  if (typeof found === 'string') return { refusal: found }
  if (found.unusable !== undefined) return { refusal: `descriptor ${found.fd} ${found.unusable}` }
  const differing = differences(found, wanted)
  const contradicted = differing.filter((key) => wanted[key === 'port' ? key : 'host'] === 'here')
  if (contradicted.length === 0) return { socket: found, overrides: differing }
  return { refusal: `${contradicted.map((key) => `--${key}`).join(' and ')} says ${wanted.shown}` }
}

function findSocket(passed: readonly PassedSocket[], wanted: WantedAddress): PassedSocket | string {
  const usable = passed.filter(({ unusable }) => unusable === undefined)
  const named = usable.filter(({ name }) => HTTP_NAMES.includes(name))
  const candidates = named.length > 0 ? named : usable
  const [only, ...rest] = named.length === 1 ? named : candidates.filter((socket) => isWanted(socket, wanted))
  if (only !== undefined && rest.length === 0) return only
  const which = named.length > 0 ? 'more than one is named http or ekiben' : 'none is named http or ekiben'
  return `${which}, and ${only === undefined ? 'none' : 'more than one'} of them is ${wanted.shown}`
}

function isWanted({ samePort, sameHost }: PassedSocket, { host }: WantedAddress): boolean {
  return samePort && (sameHost || host === 'nowhere')
}

function differences({ samePort, sameHost }: PassedSocket, { port, host, hostOption }: WantedAddress): AddressOption[] {
  const differing: AddressOption[] = []
  if (!samePort && port !== 'nowhere') differing.push('port')
  if (!sameHost && host !== 'nowhere') differing.push(hostOption)
  return differing
}
