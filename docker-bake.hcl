# All images, for both architectures:
#   REVISION=$(git rev-parse HEAD) REGISTRY=registry.example/team docker buildx bake -f docker-bake.hcl --push
# For this machine alone, into its engine:
#   docker buildx bake -f docker-bake.hcl --load --set '*.platform='

variable "VERSION" {
  default = "1.0.0" # the same as in pyproject.toml and k8s/components/release
}

variable "REVISION" {
  default = "unknown"
}

variable "REGISTRY" {
  default = ""
}

group "default" {
  targets = ["api", "worker", "web"]
}

target "default" {
  name       = tier
  matrix     = { tier = ["api", "worker", "web"] }
  context    = "."
  dockerfile = "${tier}/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  args       = { VERSION = VERSION, REVISION = REVISION }
  tags       = ["${REGISTRY}${REGISTRY == "" ? "" : "/"}ix-${tier}:${VERSION}"]
}
