# x
/* y */ locals { a = "${join("}", ["{"])} \" {" }
resource "aws_eip" "e" {
  b = <<-EOT
  resource "x" "y" {
  EOT
}
module net {
 source = "./m"
}
data "a" "b" {}
