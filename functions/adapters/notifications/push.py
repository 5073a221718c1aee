"""Phones, through Firebase Cloud Messaging."""

from __future__ import annotations

from typing import Any

import firebase_admin

from functions.adapters.notifications.rendering import rendered
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification
from functions.services.monitoring.delivery_errors import DeliveryReason, PermanentFailure, TemporaryFailure

TIMEOUT_SECONDS = 10
"""Of one attempt; the SDK retries some by itself, for half a minute at most."""
_TIMEOUT_CODES = frozenset({"DEADLINE_EXCEEDED"})
_LATER_CODES = frozenset({"UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "ABORTED", "CANCELLED", "UNKNOWN"})
_APP = "maestro-push"


class PushSender:
    """
    `Sender` to a topic or a device. Needs Firebase's default app, initialised.

    A topic is the whole Firebase project's, and any app of the project may subscribe to it: name one that says whose
    it is, and put nothing into it that only some may read.
    """

    def send(self, channel: Channel, notification: Notification, mode: DeliveryMode) -> None:
        # Imported here: the import is slow, and most deployments never push.
        from firebase_admin import exceptions, messaging  # noqa: PLC0415
        from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError  # noqa: PLC0415

        payload = rendered(ChannelType.FCM, notification, mode)
        shown = payload.get("notification")
        target = {channel.target_name: channel.target}
        app = _app()
        # `from None` below: Firebase's errors may quote the token.
        try:
            message = messaging.Message(
                data=payload["data"],
                notification=shown and messaging.Notification(**shown),
                webpush=_opening(notification.link, messaging),
                **target,
            )
            messaging.send(message, app=app)
        except exceptions.FirebaseError as error:
            raise _translated(str(error.code)) from None
        except DefaultCredentialsError:
            raise PermanentFailure(DeliveryReason.NO_SENDER, "there is no credential for FCM here") from None
        except GoogleAuthError as error:
            detail = f"FCM's credential could not be obtained ({type(error).__name__})"
            raise TemporaryFailure(DeliveryReason.TARGET_UNAVAILABLE, detail) from None
        except ValueError:
            detail = f"FCM does not accept this {channel.target_name}"
            raise PermanentFailure(DeliveryReason.MALFORMED_CHANNEL, detail) from None


def _opening(link: str, messaging: Any) -> Any:
    """Return the link that a browser opens with the message; FCM takes https only."""
    if not link.startswith("https://"):
        return None
    return messaging.WebpushConfig(fcm_options=messaging.WebpushFCMOptions(link=link))


def _translated(code: str) -> TemporaryFailure | PermanentFailure:
    detail = f"FCM answered {code}"
    if code in _TIMEOUT_CODES:
        return TemporaryFailure(DeliveryReason.TARGET_TIMEOUT, detail)
    if code in _LATER_CODES:
        return TemporaryFailure(DeliveryReason.TARGET_UNAVAILABLE, detail)
    return PermanentFailure(DeliveryReason.TARGET_REFUSED, detail)


def _app() -> Any:
    """Return a second Firebase app, which gives FCM less than the default one's two minutes."""
    try:
        return firebase_admin.get_app(_APP)
    except ValueError:
        default = firebase_admin.get_app()
    options = {"projectId": default.project_id, "httpTimeout": TIMEOUT_SECONDS}
    try:
        return firebase_admin.initialize_app(default.credential, options, _APP)
    except ValueError:  # another thread came first
        return firebase_admin.get_app(_APP)
