import { callsThroughTheGraph } from '../helpers/graph-calls.js'

callsThroughTheGraph('from process to process', [])
