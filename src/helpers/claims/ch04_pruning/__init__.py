"""Chapter 04: experiments and claims."""
