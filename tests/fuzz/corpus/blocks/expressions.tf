locals {
  a = { for n, s in ["a", "b"] : "${n}-${s}" => upper(s) if n != 1 && !(s == "c") }
  b = flatten([concat([1, 2], reverse([3])), [[count.index + 1 * 2 % 3 - -4]]])
  c = count.index == 1 ? try(local.b[7], "x\n$${y}") : one(toset(["a"]))
  d = merge({ x = 1, "y" : null }, zipmap(["k"], [true]))["k"]
  e = element([{ id = 1 }, { id = 2 }][*].id, 3) # comment
  f = lookup({ a = [1] }, "a", []).0
  g = coalesce(null, slice([1, 2, 3], 1, 2)...)
}
variable "v" {
  type     = map(object({ a = optional(string) }))
  nullable = false
}
