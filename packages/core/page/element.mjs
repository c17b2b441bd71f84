/** An element: its attributes (a function listens to the event of its name), then what is in it. Strings are text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') made.addEventListener(key, value)
    else made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children.filter((child) => child !== undefined && child !== false))
  return made
}

let count = 0

/** A control with its label; `hint` is read out with it. */
export function labelled(label, control, hint) {
  count += 1
  control.id = `control-${count}`
  if (hint !== undefined && hint !== '') control.setAttribute('aria-describedby', `hint-${count}`)
  return element(
    'div',
    { class: 'field' },
    element('label', { for: control.id }, label),
    control,
    hint !== undefined && hint !== '' && element('div', { id: `hint-${count}`, class: 'hint' }, hint),
  )
}

/** A choice between texts. */
export function choice(options, attributes = {}) {
  return element('select', attributes, ...options.map((option) => element('option', { value: option }, option)))
}

/** A button that copies what `text` gives by then, and says so. */
export function copyButton(text, label) {
  const button = element('button', { type: 'button', class: 'plain', click: copy, 'aria-live': 'polite' }, label)
  return button

  async function copy() {
    try {
      await navigator.clipboard.writeText(text())
      button.textContent = 'Copied'
    } catch {
      // Browsers have no clipboard for pages that came over plain HTTP from elsewhere.
      button.textContent = 'Select it and copy'
    }
    setTimeout(() => {
      button.textContent = label
    }, 2000)
  }
}
