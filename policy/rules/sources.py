"""Where a rule comes from: a catalogue of public rules, its version, the id there, and the ids of the same rule elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_policy import PolicyComplianceFramework


@dataclass(frozen=True)
class Source:
    """A catalogue and the rule in it; `also` are other catalogues that say the same."""

    name: str
    version: str
    reference: str
    also: tuple[str, ...]

    def described(self) -> PolicyComplianceFramework:
        """Return it in the form that the engine reports."""
        return PolicyComplianceFramework(self.name, self.version, self.reference, "; ".join(self.also) or self.name)

    @property
    def told(self) -> str:
        """One line for people."""
        return "; ".join((f"{self.name} {self.reference}", *self.also))


def psrule(reference: str, *also: str) -> Source:
    """A rule of PSRule for Azure, by number or by name."""
    return Source("PSRule", "1.48", f"AZR-{reference:0>6}" if reference.isdigit() else reference, also)


def checkov(reference: str, *also: str) -> Source:
    """A rule of Checkov, by number or by its whole id."""
    return Source("Checkov", "3.3.30", f"CKV_AZURE_{reference}" if reference.isdigit() else reference, also)


def built_in(reference: str, *also: str) -> Source:
    """A built-in definition of Azure Policy, by the first eight digits of its id."""
    return Source("Azure Policy", "2026-04", reference, also)


def benchmark(reference: str, *also: str) -> Source:
    """A control of the Microsoft cloud security benchmark."""
    return Source("Microsoft cloud security benchmark", "1", reference, also)


def well_architected(reference: str, *also: str) -> Source:
    """A pillar of the Azure Well-Architected Framework, or its service guide."""
    return Source("Azure Well-Architected Framework", "2026", reference, also)


def cis(name: str, reference: str, *also: str) -> Source:
    """A recommendation of a CIS benchmark."""
    return Source(f"CIS {name} Benchmark", "current", reference, also)


def documentation(reference: str, *also: str) -> Source:
    """What a service's own documentation demands."""
    return Source("Azure documentation", "2026", reference, also)


def own(reference: str, *also: str) -> Source:
    """What this platform needs in order to work, whatever catalogues say."""
    return Source("mlops-forecasting", "1", reference, also)


def pod_security(reference: str, *also: str) -> Source:
    """A control of the Kubernetes Pod Security Standards."""
    return Source("Pod Security Standards", "1.34", reference, also)


def ckv(number: int) -> str:
    """The same rule in Checkov."""
    return f"Checkov CKV_AZURE_{number}"


def ckv2(number: int) -> str:
    """The same rule in Checkov's graph checks."""
    return f"Checkov CKV2_AZURE_{number}"


def pol(digits: str) -> str:
    """The same rule in Azure Policy, by the first eight digits of its id."""
    return f"Azure Policy {digits}"
