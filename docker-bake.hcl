# All images, for both architectures:  VERSION=0.1.0 REGISTRY=registry.example/team docker buildx bake --push
# For this machine alone, into its engine:  VERSION=0.1.0 docker buildx bake --load --set '*.platform='

variable "VERSION" {
  description = "The tag; the same as in pyproject.toml and k8s/components/release."
  default     = ""
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
