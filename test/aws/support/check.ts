/** Whether a message is one that EC2's model allows. */
import type { Exchange } from "../../../providers/aws/wire/index.js"
import type { Model, Shape } from "./model.js"
import type { Element } from "./xml.js"

/** What is wrong with the request, one line each. */
export function checkRequest(model: Model, { action, request }: Exchange): readonly string[] {
  const operation = model.operation(action)
  if (operation === undefined) return [`${action}: no such action`]
  return [...new URLSearchParams(request)].flatMap(([path, value]) => {
    if (path === "Action" || path === "Version") return []
    const problem = checkParameter(model, operation.input, path.split("."), value)
    return problem === undefined ? [] : [`${action}: ${path}=${value.slice(0, 40)}: ${problem}`]
  })
}

function checkParameter(model: Model, shape: Shape, names: readonly string[], value: string): string | undefined {
  const [first, ...rest] = names
  switch (shape.kind) {
    case "text":
      return first === undefined ? checkText(model, shape, value) : `${first} is under a value`
    case "list":
      if (first === undefined || !/^[1-9]\d*$/.test(first)) return `${first ?? "nothing"} is no place in a list`
      return checkParameter(model, shape.item(), rest, value)
    case "struct": {
      const member = first === undefined ? undefined : shape.members().query.get(first)
      if (member === undefined && model.exceptions.has(`${shape.name}.${first}`)) return undefined
      if (member === undefined) return `${shape.name} has no member ${first}`
      return checkParameter(model, member.shape(), rest, value)
    }
  }
}

/** What is wrong with the reply, one line each. */
export function checkReply(
  model: Model,
  { action, status }: Pick<Exchange, "action" | "status">,
  document: Element,
): readonly string[] {
  if (status !== 200) return checkError(document)
  const operation = model.operation(action)
  if (operation === undefined) return [`${action}: no such action`]
  const found = document.name === `${action}Response` ? [] : [`${action}: the reply is a ${document.name}`]
  const body = { ...document, children: document.children.filter(({ name }) => name !== "requestId") }
  const problems = new Set(found)
  checkElement({ model, problems }, operation.output, body, { name: action })
  return [...problems]
}

/** Where an element is; written out only where something is wrong there. */
interface Path {
  readonly parent?: Path
  readonly name: string
}

interface Checking {
  readonly model: Model
  readonly problems: Set<string>
}

/** Without a list of its own for each element: there are millions of them. */
function checkElement(checking: Checking, shape: Shape, element: Element, path: Path): void {
  const { children, text } = element
  const wrong = (what: string) => void checking.problems.add(`${written(path)}: ${what}`)
  if (shape.kind === "text") {
    const problem = children.length > 0 ? "has elements under a value" : checkText(checking.model, shape, text)
    if (problem !== undefined) wrong(problem)
  } else if (text !== "" && text.trim() !== "") {
    wrong(`has text between its elements: ${text.slice(0, 40)}`)
  } else if (shape.kind === "list") {
    const item = shape.item()
    const at = { parent: path, name: "[]" }
    for (const child of children) {
      if (child.name === shape.itemName) checkElement(checking, item, child, at)
      else wrong(`${child.name} is no list item`)
    }
  } else {
    const members = shape.members().xml
    for (const child of children) {
      const member = members.get(child.name)
      if (member === undefined) wrong(`${shape.name} has no member ${child.name}`)
      else checkElement(checking, member.shape(), child, { parent: path, name: child.name })
    }
  }
}

function written({ parent, name }: Path): string {
  if (parent === undefined) return name
  return `${written(parent)}${name === "[]" ? "" : "."}${name}`
}

function checkText(model: Model, shape: Extract<Shape, { kind: "text" }>, text: string): string | undefined {
  switch (shape.type) {
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? undefined : `"${text}" is no number`
    case "boolean":
      return text === "true" || text === "false" ? undefined : `"${text}" is no boolean`
    case "timestamp":
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text) ? undefined : `"${text}" is no time`
    case "blob":
    case "string":
      if (shape.values === undefined || shape.values.has(text) || model.exceptions.has(shape.name)) return undefined
      return `"${text}" is not one of the values of ${shape.name}`
  }
}

/** `<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>` */
function checkError(document: Element): readonly string[] {
  const [errors, id] = document.children
  const error = errors?.children[0]
  const names = [document, errors, id, error, ...(error?.children ?? [])]
    .map((element) => element?.name ?? "nothing")
    .join(" ")
  return names === "Response Errors RequestID Error Code Message" ? [] : [`an error reply of the form ${names}`]
}
