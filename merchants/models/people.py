"""Everybody who signs in: merchants' people and staff by e-mail, buyers by phone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.search import Grams


class PersonManager(BaseUserManager["Person"]):
    """Makes people; e-mail addresses are kept in lower case, phones in E.164."""

    def create_user(self, email: str | None = None, password: str | None = None, **fields: Any) -> Person:
        """A person with an e-mail address or a phone; without a password none is usable."""
        person = self.model(email=email.strip().lower() if email else None, **fields)
        person.set_password(password)
        person.save(using=self._db, force_insert=True)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Staff who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Person:
        """Sign-in looks people up by e-mail without regard to case."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser, PermissionsMixin):
    """One human being, whatever they do here: buy, sell or help."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    email = models.EmailField(_("e-mail address"), null=True, blank=True, unique=True)
    phone = models.CharField(_("phone"), max_length=16, null=True, blank=True, unique=True)
    phone_verified = models.BooleanField(_("phone verified"), default=False)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="person_reachable", condition=Q(email__isnull=False) | Q(phone__isnull=False)
            ),
            models.CheckConstraint(
                name="person_phone_e164",
                condition=Q(phone__isnull=True) | Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"),
            ),
        ]
        indexes: ClassVar = [GinIndex(Grams("name"), name="person_name_grams", condition=Q(name__gt=""))]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or str(self.pk)

    @property
    def account(self) -> str:
        """What a third-party app names this buyer by; not a phone, not a secret."""
        return ids.public_id("acc", self.pk)
