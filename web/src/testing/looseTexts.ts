/**
 * Returns the texts that React updates node by node, because they have siblings.
 *
 * A translator replaces such nodes, and React then updates nodes that are no longer shown. The only text of an element
 * is set through the element instead. React marks only nodes that it updates itself.
 */
export function looseTexts(root: Node): string[] {
  const texts: string[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    if (Object.keys(node).some((key) => key.startsWith("__reactFiber$")))
      texts.push(`${node.parentElement?.outerHTML.slice(0, 200)}: "${node.textContent}"`);
  }
  return texts;
}
